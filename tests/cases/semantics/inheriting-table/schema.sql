CREATE TABLE events (id int PRIMARY KEY, title text);
CREATE TABLE concerts (band text, PRIMARY KEY (id)) INHERITS (events);

CREATE TABLE venues (id int PRIMARY KEY, name text);
CREATE TABLE events (id int PRIMARY KEY, venue_id int REFERENCES venues, title text, born date DEFAULT '0044-03-15 BC');
CREATE TABLE concerts (band text, PRIMARY KEY (id)) INHERITS (events);
CREATE TABLE "Open air" (PRIMARY KEY (id)) INHERITS (concerts);

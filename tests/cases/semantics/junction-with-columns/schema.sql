CREATE TABLE films (id int PRIMARY KEY, title text NOT NULL);
CREATE TABLE actors (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE roles (
  film_id int REFERENCES films, actor_id int REFERENCES actors, part text NOT NULL, billing int,
  PRIMARY KEY (film_id, actor_id, part));

ALTER TABLE events ADD COLUMN place int DEFAULT 7;
CREATE TABLE lectures (PRIMARY KEY (id)) INHERITS (events);
INSERT INTO lectures VALUES (11, 1, 'not an event');
INSERT INTO events VALUES (20, 1, 'last');

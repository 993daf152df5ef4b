CREATE TABLE zeta (id int PRIMARY KEY, title text);
CREATE VIEW orders AS SELECT * FROM zeta;

CREATE TABLE edges (id int PRIMARY KEY, v json);

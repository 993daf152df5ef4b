CREATE TABLE edges (id int PRIMARY KEY, d date, t timestamp, z timestamptz);

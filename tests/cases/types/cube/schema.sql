CREATE EXTENSION IF NOT EXISTS cube SCHEMA public;
CREATE TABLE holders (id int PRIMARY KEY);
CREATE TABLE edges (id int PRIMARY KEY, holder_id int DEFAULT 1, v cube);

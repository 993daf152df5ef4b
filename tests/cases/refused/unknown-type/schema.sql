CREATE EXTENSION IF NOT EXISTS seg SCHEMA public;
CREATE TABLE items (id int PRIMARY KEY, embedding seg);

CREATE EXTENSION IF NOT EXISTS cube SCHEMA public;
CREATE TABLE items (id int PRIMARY KEY, embedding cube);

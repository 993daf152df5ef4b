CREATE EXTENSION IF NOT EXISTS hstore SCHEMA public;
CREATE EXTENSION IF NOT EXISTS ltree SCHEMA public;
CREATE TABLE docs (id int PRIMARY KEY, n int, x xml, h hstore, j json, w tsvector, p ltree, c text, u uuid[], b bigint[]);

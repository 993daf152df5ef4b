CREATE TYPE pair AS (x int, y float8);
CREATE DOMAIN spot AS pair CHECK ((VALUE).x > 0);
CREATE TABLE holders (id int PRIMARY KEY);
CREATE TABLE edges (id int PRIMARY KEY, holder_id int DEFAULT 1, v spot);

CREATE DOMAIN amount AS numeric(8, 2) CHECK (value >= 0);
CREATE DOMAIN price AS amount;
CREATE TABLE holders (id int PRIMARY KEY);
CREATE TABLE edges (id int PRIMARY KEY, holder_id int DEFAULT 1, v price);

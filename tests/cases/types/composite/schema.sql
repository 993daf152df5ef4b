CREATE TYPE mood AS ENUM ('sad', 'very sad');
CREATE TYPE place AS (n int, price numeric, street varchar(40), ok bool, day date, since timestamptz, mood mood);
CREATE TABLE holders (id int PRIMARY KEY);
CREATE TABLE edges (id int PRIMARY KEY, holder_id int DEFAULT 1, v place);

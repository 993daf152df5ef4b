CREATE TYPE mood_of_array AS ENUM ('sad', 'ok');
CREATE TABLE holders (id int PRIMARY KEY);
CREATE TABLE edges (id int PRIMARY KEY, holder_id int DEFAULT 1, v mood_of_array[]);

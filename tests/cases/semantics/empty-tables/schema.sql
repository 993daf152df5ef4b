CREATE TABLE a_first (id int PRIMARY KEY);
CREATE TABLE b_single (id int PRIMARY KEY);
CREATE TABLE c_more (id int PRIMARY KEY);
CREATE TABLE d_last (id int PRIMARY KEY);

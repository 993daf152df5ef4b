CREATE TABLE orders (id int PRIMARY KEY, title varchar(5), other int);

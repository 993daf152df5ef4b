CREATE TABLE orders (id int PRIMARY KEY, title text, amount int);

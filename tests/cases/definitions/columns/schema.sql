CREATE TABLE orders (id int PRIMARY KEY, title text, amount int, spare int);
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders, price int);

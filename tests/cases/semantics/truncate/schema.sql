CREATE TABLE orders (id int PRIMARY KEY, title text);
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders, label text);
CREATE TABLE notes (id int PRIMARY KEY, order_id int, body text);

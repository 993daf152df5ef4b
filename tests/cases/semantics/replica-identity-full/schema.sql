CREATE TABLE orders (id int PRIMARY KEY, code text NOT NULL UNIQUE, title text);
ALTER TABLE orders REPLICA IDENTITY FULL;
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders ON UPDATE CASCADE, label text);

CREATE TABLE orders (id int PRIMARY KEY, title text NOT NULL);
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders, label text NOT NULL);

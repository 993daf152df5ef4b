CREATE TABLE orders (id int PRIMARY KEY, title text);
CREATE TABLE lines (order_id int REFERENCES orders, line_no int, label text, PRIMARY KEY (order_id, line_no));

CREATE TABLE orders (id int PRIMARY KEY, status text, note text);
CREATE TABLE lines (id int PRIMARY KEY, order_id int, label text);

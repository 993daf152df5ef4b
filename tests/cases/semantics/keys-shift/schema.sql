CREATE TABLE orders (id int, title text, CONSTRAINT orders_pkey PRIMARY KEY (id));
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders ON UPDATE CASCADE);

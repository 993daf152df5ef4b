CREATE TABLE cities (id int PRIMARY KEY, name text, twinned jsonb);
CREATE TABLE addresses (id int PRIMARY KEY, city_id int REFERENCES cities);
CREATE TABLE customers (id int PRIMARY KEY, address_id int REFERENCES addresses, live boolean NOT NULL DEFAULT true);
CREATE TABLE members (customer_id int PRIMARY KEY REFERENCES customers);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers);
CREATE TABLE tags (id int PRIMARY KEY, name text);
CREATE TABLE order_tags (order_id int, tag_id int REFERENCES tags, rank int, PRIMARY KEY (order_id, tag_id));
ALTER TABLE order_tags ADD FOREIGN KEY (order_id) REFERENCES orders;

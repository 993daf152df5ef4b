CREATE TABLE orders (id int PRIMARY KEY);
CREATE TABLE tags (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE order_tags (order_id int REFERENCES orders, tag_id int REFERENCES tags, PRIMARY KEY (order_id, tag_id));

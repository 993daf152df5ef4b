CREATE TABLE orders (id int PRIMARY KEY, title text NOT NULL UNIQUE);
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders DEFERRABLE INITIALLY DEFERRED, label text);

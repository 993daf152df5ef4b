CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL, deleted_at timestamptz);
CREATE TABLE payments (id int PRIMARY KEY, order_id int REFERENCES orders, kind text NOT NULL, amount numeric(10, 2) NOT NULL);

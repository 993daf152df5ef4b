CREATE TYPE order_status AS ENUM ('open', 'paid');
CREATE TABLE orders (id int PRIMARY KEY, status order_status);

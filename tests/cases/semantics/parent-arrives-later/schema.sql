CREATE TABLE products (sku text PRIMARY KEY, name text NOT NULL);
CREATE TABLE lines (id int PRIMARY KEY, sku text);

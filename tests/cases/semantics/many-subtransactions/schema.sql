CREATE TABLE orders (id int PRIMARY KEY, n int NOT NULL CHECK (n % 2 = 0));

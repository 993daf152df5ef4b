CREATE TABLE addresses (id int PRIMARY KEY, city text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, ship_id int REFERENCES addresses, bill_id int REFERENCES addresses);

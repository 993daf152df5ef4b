CREATE TABLE regions (id int PRIMARY KEY, name text);
CREATE TABLE shops (id int PRIMARY KEY, region_id int REFERENCES regions);
CREATE TABLE orders (id int PRIMARY KEY, shop_id int REFERENCES shops);
CREATE TABLE lines (id int PRIMARY KEY, order_id int REFERENCES orders);
CREATE TABLE serials (id int PRIMARY KEY, line_id int REFERENCES lines, code text);

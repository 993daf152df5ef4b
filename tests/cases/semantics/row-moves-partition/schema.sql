CREATE TABLE orders (id int, region text, title text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE orders_eu PARTITION OF orders FOR VALUES IN ('eu');
CREATE TABLE orders_us PARTITION OF orders FOR VALUES IN ('us') PARTITION BY RANGE (id);
CREATE TABLE orders_us_low PARTITION OF orders_us FOR VALUES FROM (0) TO (100);
CREATE TABLE orders_us_high PARTITION OF orders_us FOR VALUES FROM (100) TO (1000);
CREATE TABLE orders_else PARTITION OF orders DEFAULT;
CREATE TABLE lines (id int PRIMARY KEY, order_id int, region text, label text,
  FOREIGN KEY (order_id, region) REFERENCES orders ON UPDATE CASCADE);
CREATE TABLE stock (product text, day date, amount int, PRIMARY KEY (product, day)) PARTITION BY HASH (product);
CREATE TABLE stock_0 PARTITION OF stock FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE stock_1 PARTITION OF stock FOR VALUES WITH (MODULUS 2, REMAINDER 1);

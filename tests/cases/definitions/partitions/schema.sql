CREATE TABLE orders (id int, region text, title text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE orders_eu PARTITION OF orders FOR VALUES IN ('eu');
CREATE TABLE orders_us PARTITION OF orders FOR VALUES IN ('us');
CREATE TABLE orders_asia (id int, region text, title text, PRIMARY KEY (id, region));
CREATE TABLE regions (code text PRIMARY KEY);

DROP TABLE orders_eu;
ALTER TABLE orders ATTACH PARTITION orders_us FOR VALUES IN ('us');

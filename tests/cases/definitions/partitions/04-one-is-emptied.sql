TRUNCATE orders_asia;
INSERT INTO orders VALUES (5, 'asia', 'five');

TRUNCATE orders CASCADE;
INSERT INTO orders VALUES (5, 'eu', 'five');

INSERT INTO orders VALUES (1, 'one'), (2, 'two');

INSERT INTO items VALUES (1, '(1,2,3)', '(1,2)', 'a cat', 'first');

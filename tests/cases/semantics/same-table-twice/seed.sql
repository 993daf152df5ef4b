INSERT INTO addresses VALUES (1, 'Rome'), (2, 'Oslo');
INSERT INTO orders VALUES (1, 1, 2), (2, 2, 2), (3, NULL, 1);

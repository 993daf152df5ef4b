INSERT INTO orders VALUES (1, 'open', NULL), (2, 'draft', NULL), (3, 'open', '2024-01-01');
INSERT INTO payments VALUES (1, 1, 'payment', 10), (2, 1, 'refund', 4), (3, 2, 'payment', 5);

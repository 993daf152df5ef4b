INSERT INTO rooms VALUES (1, 'blue'), (2, 'red');
INSERT INTO bookings VALUES (1, '[2025-01-05,2025-01-08)', 'Ann'), (1, '[2025-01-01,2025-01-03)', 'Bob'), (2, '[2025-01-01,2025-01-02)', 'Cid');

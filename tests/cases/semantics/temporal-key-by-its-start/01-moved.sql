UPDATE bookings SET during = '[2025-01-02,2025-01-04)' WHERE guest = 'Bob';
UPDATE bookings SET during = '[2025-01-05,2025-01-09)' WHERE guest = 'Ann';
DELETE FROM bookings WHERE guest = 'Cid';
INSERT INTO bookings VALUES (2, '[2025-02-01,)', 'Dan');

-- Order 3 is not shown; what happens to it must not bring it back.
INSERT INTO payments VALUES (4, 3, 'payment', 1);
UPDATE orders SET status = 'void' WHERE id = 1;
DELETE FROM payments WHERE id = 1;

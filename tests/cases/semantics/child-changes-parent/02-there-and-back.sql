-- Ends where it began, but another column of the row changed on the way.
BEGIN;
UPDATE lines SET order_id = 3, label = 'd' WHERE id = 10;
UPDATE lines SET order_id = 2 WHERE id = 10;
COMMIT;
-- Through a third one and back.
BEGIN;
UPDATE lines SET order_id = 2 WHERE id = 11;
UPDATE lines SET order_id = 3 WHERE id = 11;
UPDATE lines SET order_id = 1 WHERE id = 11;
COMMIT;

BEGIN;
DELETE FROM order_tags WHERE order_id = 2 AND tag_id = 3;
UPDATE order_tags SET order_id = 2, tag_id = 1 WHERE order_id = 1 AND tag_id = 3;
UPDATE order_tags SET order_id = 1, tag_id = 3 WHERE order_id = 2 AND tag_id = 2;
UPDATE tags SET name = 'trial' WHERE id = 3;
COMMIT;

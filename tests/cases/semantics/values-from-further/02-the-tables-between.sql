UPDATE addresses SET city_id = 2 WHERE id = 1;
UPDATE customers SET address_id = 1 WHERE id = 4;
UPDATE customers SET live = NOT live WHERE id IN (2, 6);
UPDATE order_tags SET rank = 9 WHERE (order_id, tag_id) = (1, 2);
DELETE FROM order_tags WHERE (order_id, tag_id) = (2, 1);
INSERT INTO order_tags VALUES (3, 2, 1);
UPDATE orders SET customer_id = 1 WHERE id = 5;

DELETE FROM products WHERE sku = 'ink';
UPDATE products SET sku = 'cup', name = 'Cup' WHERE sku = 'pen';

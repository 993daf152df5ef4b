UPDATE orders SET deleted_at = NULL, status = 'open';

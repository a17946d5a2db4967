<?php
// What the configuration says of the shop's own settings. For common.php.
//
// SHOP_URL: address of the shop, such as https://shop.example.org. ADMIN_URL: address of the administration's host;
// empty: no address of its own, each request's is right (a forwarded port).
// STORES: JSON, addresses of further stores or websites: [{"type": "store", "code": "de", "url": "https://…"}].

/** Writes the addresses, and what follows from them, into the settings; says what changed. */
function applyAddresses(mysqli $db, string $prefix): bool
{
    $shop = rtrim(environment('SHOP_URL'), '/') . '/';
    $admin = environment('ADMIN_URL') === '' ? '{{base_url}}' : origin(environment('ADMIN_URL'));
    $wanted = [
        'default/0/web/unsecure/base_url' => $shop,
        'default/0/web/secure/base_url' => $shop,
        'default/0/web/secure/use_in_frontend' => tls($shop),
        'default/0/web/secure/use_in_adminhtml' => tls($admin),
    ];
    if ($admin !== origin($shop)) {
        $wanted += [
            'stores/0/web/unsecure/base_url' => $admin,
            'stores/0/web/secure/base_url' => $admin,
            'default/0/admin/url/use_custom' => '1',
            'default/0/admin/url/custom' => $admin === '{{base_url}}' ? '' : $admin,
        ];
    }
    // OpenMage's default, None, is for cookies of TLS only: nobody could log in without.
    if (tls($shop) === '0') {
        $wanted['default/0/web/cookie/cookie_samesite'] = 'Lax';
    }
    if (tls($admin) === '0') {
        $wanted['stores/0/web/cookie/cookie_samesite'] = 'Lax';
    }
    foreach (json_decode(getenv('STORES') ?: '[]', true, 8, JSON_THROW_ON_ERROR) as $store) {
        $wanted += addressesOf($db, $prefix, $store);
    }
    // OpenMage sends administrators to https as soon as the default address has it, which a forwarded port has not: the
    // shop's address then stands with its websites.
    if (tls($admin) === '0' && tls($shop) === '1') {
        $wanted['default/0/web/unsecure/base_url'] = $admin;
        $wanted += websiteAddresses($db, $prefix, $shop);
    }
    return applySettings($db, $prefix, $wanted);
}

/** @param array{type: string, code: string, url: string} $store */
function addressesOf(mysqli $db, string $prefix, array $store): array
{
    ['type' => $type, 'code' => $code, 'url' => $url] = $store;
    $sql = $type === 'website'
        ? "SELECT website_id AS id FROM `{$prefix}core_website` WHERE code = ?"
        : "SELECT store_id AS id FROM `{$prefix}core_store` WHERE code = ?";
    $id = query($db, $sql, [$code])[0]['id'] ?? null;
    if ($id === null) {
        say("there is no $type $code yet: $url answers 404 until it is created and the administration restarted");
        return [];
    }
    $address = rtrim($url, '/') . '/';
    return ["{$type}s/$id/web/unsecure/base_url" => $address, "{$type}s/$id/web/secure/base_url" => $address];
}

/** The shop's address for every website but those that have one of their own. */
function websiteAddresses(mysqli $db, string $prefix, string $shop): array
{
    $earlier = json_decode(recall($db, 'settings') ?? '[]', true);
    $sql = "SELECT w.website_id AS id, c.value FROM `{$prefix}core_website` w LEFT JOIN `{$prefix}core_config_data` c
            ON c.scope = 'websites' AND c.scope_id = w.website_id AND c.path = 'web/unsecure/base_url' WHERE w.website_id <> 0";
    $wanted = [];
    foreach (query($db, $sql) as ['id' => $id, 'value' => $value]) {
        $name = "websites/$id/web/unsecure/base_url";
        if ($value === null || $value === ($earlier[$name] ?? null)) {
            $wanted[$name] = $shop;
        }
    }
    return $wanted;
}

/**
 * Sets what differs, and takes back what an earlier configuration set and this one does not know.
 *
 * @param array<string, string> $wanted scope/scope_id/path → value
 */
function applySettings(mysqli $db, string $prefix, array $wanted): bool
{
    $found = [];
    foreach (query($db, "SELECT CONCAT(scope, '/', scope_id, '/', path) AS name, value FROM `{$prefix}core_config_data`") as $row) {
        $found[$row['name']] = $row['value'];
    }
    $earlier = json_decode(recall($db, 'settings') ?? '[]', true);
    $changed = false;
    foreach (array_diff_key($earlier, $wanted) as $name => $value) {
        // One that was changed in the administration stays.
        if (($found[$name] ?? null) === $value) {
            [$scope, $id, $path] = explode('/', $name, 3);
            Mage::getConfig()->deleteConfig($path, $scope, (int)$id);
            say("$name was removed");
            $changed = true;
        }
    }
    foreach ($wanted as $name => $value) {
        if (($found[$name] ?? null) !== $value) {
            [$scope, $id, $path] = explode('/', $name, 3);
            Mage::getConfig()->saveConfig($path, $value, $scope, (int)$id);
            say("$name was set");
            $changed = true;
        }
    }
    remember($db, 'settings', json_encode($wanted));
    return $changed;
}

function origin(string $url): string
{
    $parts = parse_url($url);
    return $parts['scheme'] . '://' . $parts['host'] . (isset($parts['port']) ? ':' . $parts['port'] : '') . '/';
}

function tls(string $url): string
{
    return str_starts_with($url, 'https://') ? '1' : '0';
}

"""Mistakes with products, texts and discounts: by name what is written in place of what, and what is found."""

from __future__ import annotations

MISTAKES: dict[str, tuple[str, str, list[str]]] = {
    "unknown product": (
        "product: serum",
        "product: serun",
        ["21:16: there is no product `serun`; did you mean `serum`?"],
    ),
    "unknown category offered": (
        "product: serum",
        "product: {category: beaty}",
        ["21:27: there is no product of category `beaty`; did you mean `beauty`?"],
    ),
    "unknown source of a recommendation": (
        "product: serum",
        "product: {recommend: {from: friends}}",
        ["21:35: `friends` is none of bought_together, bestseller, staff_pick; write one of them"],
    ),
    "unknown category of a recommendation": (
        "product: serum",
        "product: {recommend: {category: beuaty, from: bestseller}}",
        ["21:39: there is no product of category `beuaty`; did you mean `beauty`?"],
    ),
    "the product scanned, and no scan": (
        "product: serum",
        "product: scanned",
        [
            "21:16: the product that was scanned, but the campaign waits for no scan; "
            "write `when: {scans: {}}`, or name a product"
        ],
    ),
    "a price quoted as it is written": (
        "price: 39 EUR",
        "price: 3.20",
        ["28:58: `3.20` is no amount of money; write it with its currency, as in 39.00 EUR"],
    ),
    "a barcode without quotes": (
        "price: 39 EUR",
        "price: 39 EUR, codes: 0360",
        ['28:73: `0360` is no text; put quotes round it: "0360"'],
    ),
    "a yes quoted as it is written": (
        "discount: 15% of product",
        "discount: true",
        ["24:17: `true` is no discount; write `15% of product` or an amount, as in `5 EUR`"],
    ),
    "a placeholder in a product's name": (
        "name: le sérum",
        'name: "le sérum de $first_name"',
        ["28:23: `$first_name` in a name, which is said as it stands; leave it out"],
    ),
    "otherwise than nothing": (
        "product: serum",
        "product: {id: serum, otherwise: bestseller}",
        ["21:16: `otherwise` stands beside no `recommend`; leave it out, or write `recommend`"],
    ),
    "a form of no number": (
        "toi : $product",
        "toi : ${store: one magasin, other magasins}",
        ["23:18: `$store` is no number that a form could follow; there are `$points`, `$visits`, `$reviews`"],
    ),
    "a form that the language has not": (
        "toi : $product",
        "toi : ${points: one point, few points, other points}",
        ["23:18: `few` is no form of plural in fr; there are many, one, other"],
    ),
    "no other form": (
        "toi : $product",
        "toi : ${points: one point}",
        ["23:18: `$points` has no form `other`; write `one point, other points`"],
    ),
    "a form without words": (
        "toi : $product",
        "toi : ${points: one, other points}",
        ["23:18: the form `one` of `$points` has no words; write `one point, other points`"],
    ),
    "a name that is not closed": (
        "toi : $product",
        "toi : ${product",
        ["23:18: a `${` that is not closed as a name is; write `${first_name}`"],
    ),
    "a name with braces in its forms": (
        "toi : $product",
        "toi : ${points: one {point}, other points}",
        ["23:18: a `${` that is not closed as a name is; write `${first_name}`"],
    ),
    "a mistake in the second of two texts": (
        'tu: "Pour toi : $product", vous: "Pour vous : $product"}',
        'tu: "Pour toi", vous: "Pour vous"}\n        en: [x, {tu: $points, vous: $staff_pick}]',
        ["24:37: `$staff_pick` is used, but `serum` is nobody's pick; give it a `staff_pick`"],
    ),
    "no stamps": (
        "product: serum",
        "stamp: 0\n      product: serum",
        ["21:14: `0` is out of range; write at least 1, or leave it out"],
    ),
    "unknown language": (
        "fr: {tu",
        "frz: {tu",
        ["23:9: `frz` is no language; write its two letters, such as fr, en or de"],
    ),
    "locale written another way": ("fr: {tu", "fr_FR: {tu", ["23:9: `fr_FR` is no language; write `fr-FR`"]),
    "unknown placeholder": (
        "toi : $product",
        "toi : $products, 5 $ ou $5",
        ["23:18: there is no placeholder `$products`; did you mean `$product`?"],
    ),
    "placeholder in capitals": (
        "toi : $product",
        "toi : ${First_Name}",
        ["23:18: there is no placeholder `$First_Name`; did you mean `$first_name`?"],
    ),
    "staff pick that nobody picked": (
        "toi : $product",
        "toi : $staff_pick",
        ["23:18: `$staff_pick` is used, but `serum` is nobody's pick; give it a `staff_pick`"],
    ),
    "only vous": (
        'tu: "Pour toi : $product", ',
        "",
        ["23:13: the text has `vous` but no `tu`; add `tu`, or write one text for both"],
    ),
    "product without price": (
        ", price: 39 EUR",
        "",
        ["24:17: a share of `serum`, which has no price; give the product a `price`"],
    ),
    "percent of nothing said": (
        "15% of product",
        "15%",
        ["24:17: `15%` does not say percent of what; write 15% of product"],
    ),
    "too much percent": (
        "15% of product",
        "115% of product",
        ["24:17: `115%` is out of range; write a share from 1% to 100%"],
    ),
    "discount above the price": (
        "15% of product",
        "50 EUR",
        ["24:17: 50.00 EUR off `serum`, which costs 39.00 EUR; write a smaller amount"],
    ),
    "discount in another currency": (
        "15% of product",
        "5 CHF",
        ["24:17: 5.00 CHF off `serum`, which costs 39.00 EUR; use one currency"],
    ),
    "price without currency": (
        "39 EUR",
        "39",
        ["28:58: `39` is no amount of money; write it with its currency, as in 39.00 EUR"],
    ),
    "unknown currency": (
        "39 EUR",
        "39 EUX",
        ["28:58: `EUX` is no currency; write its three letters, such as EUR, CHF or GBP"],
    ),
    "unknown locale": ("fr-FR", "fr_FRA", ["3:9: `fr_FRA` is no locale; did you mean `fr-FR`?"]),
    "address that is no web address": (
        "      coupon:",
        "      link: shop.example\n      coupon:",
        ["25:13: `shop.example` is no web address; write it in full, as in https://shop.example/beauty"],
    ),
}

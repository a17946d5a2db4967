import { expect } from "chai";
import { ambiguous, type PathRule, patternOf } from "../../components/pathRule";

describe("a path rule", () => {
    const rule: PathRule = { paths: ["/back.office", "/rss/order/new"], entry: "index.php", code: true };
    const finds = (path: string, one = rule) => new RegExp(patternOf(one), "i").test(path);

    it("covers each path and everything below it, after any allowed prefix", () => {
        for (const path of [
            "/back.office",
            "/Back.Office/",
            "/rss/order/new/x",
            "/index.php/back.office",
            "/german_2/back.office/x",
            "/INDEX.PHP/german/rss/order/new",
        ])
            expect(finds(path), path).to.equal(true);
        for (const path of [
            "/",
            "/backXoffice",
            "/back.offices",
            "/x-y/back.office",
            "/a/b/back.office",
            "/indexXphp/german/back.office",
            "/german/index.php/back.office",
            "/rss/order",
            "x/back.office",
        ])
            expect(finds(path), path).to.equal(false);
        for (const path of ["/index.php/back.office", "/german/back.office"])
            expect(finds(path, { paths: ["/back.office"] }), path).to.equal(false);
    });
    it("refuses paths that a regular expression would read as everything, nothing or something else", () => {
        for (const path of [
            "",
            "/",
            "checkout",
            '/a"',
            "/a|b",
            "/a/",
            "/a//b",
            "/A",
            "/.",
            "/a/../b",
            "/é",
            "/a b",
            "/a?b",
        ])
            expect(() => patternOf({ paths: [path] }), path).to.throw(RangeError, "is not a valid path");
        expect(() => patternOf({ paths: [] })).to.throw(RangeError, "at least one");
    });
});

describe("an ambiguous address", () => {
    const found = (address: string) => new RegExp(ambiguous, "i").test(address);

    it("has segments of dots, encoded slashes, backslashes, control characters or a fragment in its path", () => {
        for (const address of [
            "/..",
            "/a/./b",
            "/a/../b",
            "/a/.?b",
            "/a/%2e%2E/b",
            "/a/.%252e/b",
            "/a/..;/b",
            "/a/..;x=y/b",
            "/a/..%3bx/b",
            "/a%2fb",
            "/a%2Fb",
            "/a%252fb",
            "/a%25252Fb",
            "/a\\b",
            "/a%5cb",
            "/a%255Cb",
            "/a%00",
            "/a%0ab",
            "/a%1fb",
            "/a%7F",
            "/a#b",
        ])
            expect(found(address), address).to.equal(true);
    });
    it("is not one that shops use", () => {
        for (const address of [
            "/",
            "",
            "/a//b.html",
            "/...",
            "/..a/b..c/d..",
            "/.well-known/security.txt",
            "/a%20b/%C3%BC%C3%A4.html",
            "/a+b/100%25.html",
            "/save-%2510-today",
            "/%e2%82%ac;1,2~x!$&'()*=:@",
            "/search?q=../..%2f..%5c%00#x",
            "/search?q=/../",
            "/a/b?../../c",
        ])
            expect(found(address), address).to.equal(false);
    });
});

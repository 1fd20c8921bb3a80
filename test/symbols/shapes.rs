// Code shapes of Rust for the comparison with llvm-symbolizer.
use std::collections::BTreeMap;

trait Shape {
    fn area(&self) -> f64;
}
struct Square(f64);
struct Circle(f64);
impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
}
impl Shape for Circle {
    fn area(&self) -> f64 {
        3.14159 * self.0 * self.0
    }
}

#[inline(always)]
fn checked(x: i64) -> Option<i64> {
    if x % 11 == 3 {
        return None;
    }
    Some(x * 3 % 101)
}

#[inline(never)]
fn count(words: &[String]) -> BTreeMap<&str, usize> {
    let mut seen = BTreeMap::new();
    for w in words {
        *seen.entry(w.as_str()).or_insert(0) += 1;
    }
    seen
}

fn main() {
    let n = std::env::args().count() as i64 * 1000;
    let mut v: Vec<i64> = (0..n).filter_map(checked).collect();
    v.sort_by(|a, b| b.cmp(a));
    let shapes: Vec<Box<dyn Shape>> =
        v.iter().map(|&x| if x & 1 == 0 { Box::new(Square(x as f64)) as Box<dyn Shape> } else { Box::new(Circle(x as f64)) }).collect();
    let words: Vec<String> = v.iter().map(|x| format!("w{}", x)).collect();
    let area: f64 = shapes.iter().map(|s| s.area()).sum();
    println!("{} {:?}", area, count(&words).iter().next());
}

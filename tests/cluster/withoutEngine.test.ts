// One control plane for all of these: its start takes as much CPU time as many of their tests.
import "./withoutEngine/data";
import "./withoutEngine/day2";
import "./withoutEngine/delivery";
import "./withoutEngine/doctor";
import "./withoutEngine/mutants";
import "./withoutEngine/quota";

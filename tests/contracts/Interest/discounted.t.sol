// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Interest} from "contracts/libraries/Interest.sol";
import {Check} from "support/Check.sol";

contract InterestDiscountedTest is Check {
    function discounted(Interest.Convention by, uint256 face, uint32 ratePpm, uint32 from, uint32 to)
        external
        pure
        returns (uint256, uint256)
    {
        return Interest.discounted(by, face, ratePpm, from, to);
    }

    function testFuzz_price_discount_and_rounding_are_the_face(uint128 face, uint32 rate, uint8 which, uint8 day)
        public
        view
    {
        Interest.Convention by = Interest.Convention(which % 4);
        (uint32 from, uint32 to) = (20240201 + day % 29, 20250228);
        // A year's whole rate over a leap year's 366 days of 360 is more than the face: stay below.
        rate = rate % 900_000;
        (uint256 price, uint256 rest) = this.discounted(by, face, rate, from, to);
        uint256 whole = Interest.denominator(by);
        equal(price * whole + rest + Interest.accrued(by, face, rate, from, to), uint256(face) * whole, "all of it");
        isTrue(rest < whole && price <= face, "rounded down by less than a unit");
    }

    function testFuzz_after_the_date_nothing_is_taken_off(uint128 face, uint32 rate) public view {
        (uint256 price, uint256 rest) =
            this.discounted(Interest.Convention.ACT_360, face, rate, 20260405, 20260405);
        equal(price, face, "the face");
        equal(rest, 0, "nothing was rounded");
    }

    function testFuzz_more_than_the_face_is_refused(uint128 face, uint32 rate) public {
        vm.assume(face != 0);
        rate = uint32(bound(rate, 1_000_001, type(uint32).max));
        refuse(abi.encodeWithSelector(Interest.DiscountAboveFace.selector, face, rate, 20250101, 20260101));
        this.discounted(Interest.Convention.ACT_365F, face, rate, 20250101, 20260101);
    }
}
